-- One row per identity with an order: lines and items of her average order.
WITH summed AS (
    SELECT identity_id, sum(sale_lines) AS all_lines, count(sale_lines) AS orders, sum(items) AS all_items, count(items) AS item_orders
    FROM purchases
    WHERE is_order = 1
    GROUP BY identity_id
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(all_lines AS BIGINT) AS sale_lines,
    CAST(CAST(all_lines AS DOUBLE) / nullif(CAST(orders AS DOUBLE), 0) AS DOUBLE) AS average_basket_lines,
    CAST(CAST(all_items AS DOUBLE) / nullif(CAST(item_orders AS DOUBLE), 0) AS DOUBLE) AS average_basket_items
FROM summed
