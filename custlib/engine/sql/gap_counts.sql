-- How many gaps of each length (days) ended with an order, and how many are still open: what Kaplan and Meier's curve needs.
WITH days AS (
    SELECT identity_id, order_day
    FROM purchases
    WHERE is_order = 1
    GROUP BY identity_id, order_day
),
stepped AS (
    SELECT
        date_diff('day', lag(order_day) OVER (PARTITION BY identity_id ORDER BY order_day), order_day) AS gap_days,
        1 AS ended,
        0 AS still_open
    FROM days
),
last_ones AS (
    -- the last day that is seen is the day before $as_of
    SELECT date_diff('day', max(order_day), CAST($as_of AS DATE)) - 1 AS gap_days, 0 AS ended, 1 AS still_open
    FROM days
    GROUP BY identity_id
),
every AS (
    SELECT gap_days, ended, still_open FROM stepped WHERE gap_days IS NOT NULL
    UNION ALL
    SELECT gap_days, ended, still_open FROM last_ones
)
SELECT
    CAST(gap_days AS INTEGER) AS gap_days,
    CAST(sum(ended) AS BIGINT) AS ended,
    CAST(sum(still_open) AS BIGINT) AS still_open
FROM every
GROUP BY gap_days
ORDER BY gap_days
