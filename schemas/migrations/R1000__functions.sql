-- What queries are written with, beside the tables: the same names and meanings as in schemas/duckdb.sql, so that one text
-- runs on both.

CREATE OR REPLACE FUNCTION callfold.parameter(name text, otherwise text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(current_setting('callfold.' || name, true), ''), otherwise);
COMMENT ON FUNCTION callfold.parameter(text, text) IS
    'What a query is asked for, as text: SET callfold.zone = ''Europe/Berlin''; otherwise the second argument';

CREATE OR REPLACE FUNCTION callfold.ratio(part double precision, whole double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN part / nullif(whole, 0);
COMMENT ON FUNCTION callfold.ratio(double precision, double precision) IS 'part / whole; NULL when whole is 0';

CREATE OR REPLACE FUNCTION callfold.seconds(ms double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ms / 1000;
COMMENT ON FUNCTION callfold.seconds(double precision) IS 'Milliseconds as seconds';

CREATE OR REPLACE FUNCTION callfold.ms_between(earlier timestamptz, later timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CAST(floor(extract(epoch FROM later) * 1000) - floor(extract(epoch FROM earlier) * 1000) AS bigint);
COMMENT ON FUNCTION callfold.ms_between(timestamptz, timestamptz) IS
    'Whole milliseconds from one instant to another, as durations of rows are made';

CREATE OR REPLACE FUNCTION callfold.ms_after(earlier timestamptz, ms bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN earlier + CAST(ms AS double precision) * interval '1 millisecond';
COMMENT ON FUNCTION callfold.ms_after(timestamptz, bigint) IS 'The instant so many milliseconds later';

CREATE OR REPLACE FUNCTION callfold.interval_of(instant timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN date_bin('15 minutes', instant, '1970-01-01Z'::timestamptz);
COMMENT ON FUNCTION callfold.interval_of(timestamptz) IS 'The quarter-hour that an instant belongs to';

-- Shares are counted in billionths, as whole numbers, so that 7 % of 100 is 7 everywhere. An aggregate of its own would have to
-- copy what it has gathered for every row; array_agg does not, and several percentiles share one gathering.
CREATE OR REPLACE FUNCTION callfold.percentile(amounts bigint[], counts bigint[], p double precision) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT min(amount) FROM (
        SELECT amount, sum(n) OVER (ORDER BY amount) AS upto, sum(n) OVER () AS total
        FROM (SELECT u.amount, sum(u.n) AS n FROM unnest(amounts, counts) AS u (amount, n) WHERE u.n > 0 GROUP BY 1) AS counted
        WHERE amount IS NOT NULL
    ) AS running
    WHERE p BETWEEN 0 AND 1 AND upto >= greatest(1, div(total * CAST(round(p * 1000000000) AS bigint) + 999999999, 1000000000))
$$;
COMMENT ON FUNCTION callfold.percentile(bigint[], bigint[], double precision) IS
    'percentile(array_agg(upper_ms), array_agg(n), 0.95): the least amount that at least the share p (0 to 1) of all is not above, each amount occurring n times; over the rows of a histogram, any rows, within 1 % of the exact one; NULL without any';

-- Service level. a: answered, a_sl: answered within the threshold, b: abandoned, b_sl: abandoned within the threshold,
-- b_short: abandoned below the short-abandon limit. "Within" means wait <= threshold. NULL when there is nothing to divide by.
CREATE OR REPLACE FUNCTION callfold.sl_answered(a_sl double precision, a double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN callfold.ratio(a_sl, a);
CREATE OR REPLACE FUNCTION callfold.sl_offered(a_sl double precision, a double precision, b double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN callfold.ratio(a_sl, a + b);
CREATE OR REPLACE FUNCTION callfold.sl_abandon_ignored(a_sl double precision, a double precision, b double precision, b_sl double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN callfold.ratio(a_sl, a + b - b_sl);
CREATE OR REPLACE FUNCTION callfold.sl_abandon_positive(a_sl double precision, a double precision, b double precision, b_sl double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN callfold.ratio(a_sl + b_sl, a + b);
CREATE OR REPLACE FUNCTION callfold.sl_short_excluded(a_sl double precision, a double precision, b double precision, b_short double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN callfold.ratio(a_sl, a + b - b_short);
CREATE OR REPLACE FUNCTION callfold.sl_short_positive(a_sl double precision, a double precision, b double precision, b_short double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN callfold.ratio(a_sl + b_short, a + b);
COMMENT ON FUNCTION callfold.sl_answered(double precision, double precision) IS 'Of those answered, how many in time';
COMMENT ON FUNCTION callfold.sl_offered(double precision, double precision, double precision) IS 'Answered in time of all; every abandoned call is a failure';
COMMENT ON FUNCTION callfold.sl_abandon_ignored(double precision, double precision, double precision, double precision) IS
    'Answered in time; calls given up within the threshold are left out';
COMMENT ON FUNCTION callfold.sl_abandon_positive(double precision, double precision, double precision, double precision) IS
    'Answered in time; calls given up within the threshold are a success';
COMMENT ON FUNCTION callfold.sl_short_excluded(double precision, double precision, double precision, double precision) IS
    'Answered in time; short abandons are left out. The one on the wallboard';
COMMENT ON FUNCTION callfold.sl_short_positive(double precision, double precision, double precision, double precision) IS
    'Answered in time; short abandons are a success';
