-- One row per identity with an order: the days between her order days, the gap that is still open, and x, t_x, T.
WITH days AS (
    SELECT identity_id, order_day
    FROM purchases
    WHERE is_order = 1
    GROUP BY identity_id, order_day
),
seen AS (
    SELECT identity_id, min(order_day) AS first_day, max(order_day) AS last_day, count(*) AS order_days
    FROM days
    GROUP BY identity_id
),
stepped AS (
    SELECT
        identity_id,
        CAST(date_diff('day', lag(order_day) OVER (PARTITION BY identity_id ORDER BY order_day), order_day) AS BIGINT) AS gap_days
    FROM days
),
ranked AS (
    SELECT
        identity_id,
        gap_days,
        row_number() OVER (PARTITION BY identity_id ORDER BY gap_days) AS place,
        count(*) OVER (PARTITION BY identity_id) AS among
    FROM stepped
    WHERE gap_days IS NOT NULL
),
measured AS (
    SELECT
        identity_id,
        count(*) AS gaps,
        CAST(sum(gap_days) AS BIGINT) AS total,
        CAST(sum(gap_days * gap_days) AS BIGINT) AS squares,
        max(gap_days) AS longest,
        -- the one or two gaps in the middle
        CAST(sum(CASE WHEN 2 * place BETWEEN among AND among + 2 THEN gap_days END) AS BIGINT) AS middle,
        CAST(sum(CASE WHEN 2 * place BETWEEN among AND among + 2 THEN 1 END) AS BIGINT) AS middle_places
    FROM ranked
    GROUP BY identity_id
),
shaped AS (
    SELECT
        identity_id,
        gaps,
        longest,
        CAST(total AS DOUBLE) / nullif(CAST(gaps AS DOUBLE), 0) AS mean_days,
        CAST(middle AS DOUBLE) / nullif(CAST(middle_places AS DOUBLE), 0) AS median_days,
        -- sum of squared deviations times the number of gaps, from whole numbers
        CAST(gaps AS DOUBLE) * CAST(squares AS DOUBLE) - CAST(total AS DOUBLE) * CAST(total AS DOUBLE) AS spread,
        CAST(gaps AS DOUBLE) * CAST(gaps - 1 AS DOUBLE) AS free
    FROM measured
),
varied AS (
    SELECT identity_id, gaps, longest, mean_days, median_days, sqrt(CAST(spread AS DOUBLE) / nullif(CAST(free AS DOUBLE), 0)) AS sd_days
    FROM shaped
)
SELECT
    CAST(s.identity_id AS VARCHAR) AS identity_id,
    CAST(coalesce(m.gaps, 0) AS BIGINT) AS gaps,
    CAST(m.mean_days AS DOUBLE) AS gap_mean_days,
    CAST(m.median_days AS DOUBLE) AS gap_median_days,
    CAST(CASE WHEN m.gaps >= 3 THEN CAST(m.sd_days AS DOUBLE) / nullif(CAST(m.mean_days AS DOUBLE), 0) END AS DOUBLE) AS gap_cv,
    CAST(m.longest AS INTEGER) AS gap_longest_days,
    CAST(date_diff('day', s.last_day, CAST($as_of AS DATE)) - 1 AS INTEGER) AS gap_open_days,
    CAST(s.order_days - 1 AS BIGINT) AS btyd_x,
    CAST(date_diff('day', s.first_day, s.last_day) AS INTEGER) AS btyd_t_x_days,
    CAST(date_diff('day', s.first_day, CAST($as_of AS DATE)) AS INTEGER) AS btyd_t_days
FROM seen AS s
LEFT JOIN varied AS m ON m.identity_id = s.identity_id
