-- One row per identity with an order in the window: days since her first order ever, and orders per 30.4 days of the window or of those days.
WITH seen AS (
    SELECT CAST(identity_id AS VARCHAR) AS identity_id, date_diff('day', min(order_day), CAST($as_of AS DATE)) AS seen_days
    FROM counted_ever
    WHERE NOT is_return
    GROUP BY identity_id
),
watched AS (
    SELECT
        r.identity_id,
        r.orders,
        s.seen_days,
        CASE
            WHEN s.seen_days > date_diff('day', CAST($window_start AS DATE), CAST($as_of AS DATE))
                THEN date_diff('day', CAST($window_start AS DATE), CAST($as_of AS DATE))
            ELSE s.seen_days
        END AS exposure_days
    FROM rfm AS r
    JOIN seen AS s ON s.identity_id = r.identity_id
    WHERE r.orders > 0
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(seen_days AS INTEGER) AS seen_days,
    CAST(exposure_days AS INTEGER) AS exposure_days,
    CAST(CAST(orders AS DOUBLE) / nullif(CAST(exposure_days AS DOUBLE), 0) * 30.4 AS DOUBLE) AS order_rate
FROM watched
