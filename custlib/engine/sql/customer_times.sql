-- One row per identity with an order: on which days and at which hours she orders (shares of her orders).
WITH placed AS (
    SELECT
        identity_id,
        -- 0 is Monday; a day before the anchor gives a negative remainder
        (date_diff('day', DATE '1970-01-05', order_day) % 7 + 7) % 7 AS weekday,
        CASE WHEN $timed = 1 THEN hour(order_ts) END AS hour_of_day
    FROM purchases
    WHERE is_order = 1
),
counts AS (
    SELECT
        identity_id,
        count(*) AS orders,
        count(hour_of_day) AS timed_orders,
        sum(CASE WHEN weekday >= 5 THEN 1 ELSE 0 END) AS weekend,
        sum(CASE WHEN hour_of_day >= 22 OR hour_of_day < 6 THEN 1 ELSE 0 END) AS night,
        sum(CASE WHEN weekday < 5 AND hour_of_day >= 9 AND hour_of_day < 18 THEN 1 ELSE 0 END) AS office
    FROM placed
    GROUP BY identity_id
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(CAST(weekend AS DOUBLE) / nullif(CAST(orders AS DOUBLE), 0) AS DOUBLE) AS weekend_share,
    CAST(CAST(night AS DOUBLE) / nullif(CAST(timed_orders AS DOUBLE), 0) AS DOUBLE) AS night_share,
    CAST(CAST(office AS DOUBLE) / nullif(CAST(timed_orders AS DOUBLE), 0) AS DOUBLE) AS business_hours_share
FROM counts
