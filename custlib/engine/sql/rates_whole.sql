-- One row per identity with an order: days since her first order, and orders per 30.4 days of them (the whole history).
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(tenure_days AS INTEGER) AS seen_days,
    CAST(tenure_days AS INTEGER) AS exposure_days,
    CAST(CAST(orders AS DOUBLE) / nullif(CAST(tenure_days AS DOUBLE), 0) * 30.4 AS DOUBLE) AS order_rate
FROM rfm
WHERE orders > 0
