-- How many customers have each value of one column: all that edges need, however many customers there are.
WITH named AS (
    SELECT
        CASE
            WHEN $column = 'recency_days' THEN CAST(recency_days AS DOUBLE)
            WHEN $column = 'orders' AND orders > 0 THEN CAST(orders AS DOUBLE)
            WHEN $column = 'net_amount' AND orders > 0 THEN CAST(net_amount AS DOUBLE)
        END AS amount
    FROM rfm
)
SELECT CAST(amount AS DOUBLE) AS amount, CAST(count(*) AS BIGINT) AS customers
FROM named
WHERE amount IS NOT NULL
GROUP BY amount
ORDER BY amount
