-- One row per order of `sales`, those without a customer too: what a state keeps of it. gross ≥ 0, returned ≤ 0 (currency).
SELECT
    order_id,
    customer_id,
    order_day,
    min(order_ts) AS order_ts,
    min(channel) AS channel,
    max(CASE WHEN is_return THEN 0 ELSE 1 END) AS is_order,
    CAST(coalesce(sum(amount) FILTER (WHERE NOT is_return), CAST(0 AS DECIMAL(18,2))) AS DECIMAL(18,2)) AS gross_amount,
    CAST(coalesce(sum(amount) FILTER (WHERE is_return), CAST(0 AS DECIMAL(18,2))) AS DECIMAL(18,2)) AS returned_amount,
    CAST(sum(CASE WHEN is_return THEN 0 ELSE 1 END) AS BIGINT) AS sale_lines,
    CAST(sum(CASE WHEN is_return THEN 1 ELSE 0 END) AS BIGINT) AS return_lines,
    CAST(sum(CASE WHEN is_return THEN CAST(NULL AS DECIMAL(18,4)) ELSE quantity END) AS DECIMAL(18,4)) AS items,
    CAST(sum(CASE WHEN NOT is_return AND discount_amount > 0 THEN 1 ELSE 0 END) AS BIGINT) AS deal_lines,
    CAST(coalesce(sum(discount_amount) FILTER (WHERE NOT is_return), CAST(0 AS DECIMAL(18,2))) AS DECIMAL(18,2)) AS taken_off,
    max(CASE WHEN discount_amount IS NOT NULL THEN 1 ELSE 0 END) AS discount_known
FROM sales
GROUP BY order_id, customer_id, order_day
