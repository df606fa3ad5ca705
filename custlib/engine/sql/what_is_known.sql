-- One row: whether any order has a time of day, and whether any line has a discount (1 or 0).
SELECT
    CAST(coalesce(max(CASE WHEN order_ts <> CAST(CAST(order_ts AS DATE) AS TIMESTAMP) THEN 1 ELSE 0 END), 0) AS INTEGER) AS timed,
    CAST(coalesce(max(CASE WHEN discount_amount IS NOT NULL THEN 1 ELSE 0 END), 0) AS INTEGER) AS discounted
FROM counted
