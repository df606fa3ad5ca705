-- How many customers have each order rate.
SELECT CAST(order_rate AS DOUBLE) AS amount, CAST(count(*) AS BIGINT) AS customers
FROM rates
GROUP BY order_rate
ORDER BY amount
