-- One row per identity and order, where a row of sales is an order already; how many lines and items it had is unknown.
SELECT
    identity_id,
    order_id,
    order_day,
    order_ts,
    channel,
    CASE WHEN is_return THEN 0 ELSE 1 END AS is_order,
    CASE WHEN is_return THEN CAST(0 AS DECIMAL(18,2)) ELSE amount END AS gross_amount,
    CASE WHEN is_return THEN amount ELSE CAST(0 AS DECIMAL(18,2)) END AS returned_amount,
    CAST(NULL AS BIGINT) AS sale_lines,
    CAST(NULL AS DECIMAL(18,4)) AS items
FROM counted
