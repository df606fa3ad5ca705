-- One row per identity: orders and net amount (currency) of the last 30, 90 and 365 days before $as_of.
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(sum(CASE WHEN is_order = 1 AND order_day >= CAST($since_30 AS DATE) THEN 1 ELSE 0 END) AS BIGINT) AS orders_30d,
    CAST(sum(CASE WHEN is_order = 1 AND order_day >= CAST($since_90 AS DATE) THEN 1 ELSE 0 END) AS BIGINT) AS orders_90d,
    CAST(sum(CASE WHEN is_order = 1 AND order_day >= CAST($since_365 AS DATE) THEN 1 ELSE 0 END) AS BIGINT) AS orders_365d,
    CAST(sum(CASE
        WHEN order_day >= CAST($since_30 AS DATE) THEN gross_amount + returned_amount ELSE CAST(0 AS DECIMAL(18,2))
    END) AS DOUBLE) AS net_amount_30d,
    CAST(sum(CASE
        WHEN order_day >= CAST($since_90 AS DATE) THEN gross_amount + returned_amount ELSE CAST(0 AS DECIMAL(18,2))
    END) AS DOUBLE) AS net_amount_90d,
    CAST(sum(CASE
        WHEN order_day >= CAST($since_365 AS DATE) THEN gross_amount + returned_amount ELSE CAST(0 AS DECIMAL(18,2))
    END) AS DOUBLE) AS net_amount_365d
FROM purchases
GROUP BY identity_id
