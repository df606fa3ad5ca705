-- One row per identity and order. is_order: 1, or 0 where everything on it came back; gross ≥ 0, returned ≤ 0 (currency).
SELECT
    identity_id,
    order_id,
    order_day,
    min(order_ts) AS order_ts,
    min(channel) AS channel,
    max(CASE WHEN is_return THEN 0 ELSE 1 END) AS is_order,
    coalesce(sum(amount) FILTER (WHERE NOT is_return), CAST(0 AS DECIMAL(18,2))) AS gross_amount,
    coalesce(sum(amount) FILTER (WHERE is_return), CAST(0 AS DECIMAL(18,2))) AS returned_amount,
    CAST(sum(CASE WHEN is_return THEN 0 ELSE 1 END) AS BIGINT) AS sale_lines,
    sum(CASE WHEN is_return THEN CAST(NULL AS DECIMAL(18,4)) ELSE quantity END) AS items
FROM counted
GROUP BY identity_id, order_id, order_day
