-- How many customers have each net amount, those with returns only too: what cumulative shares need.
SELECT CAST(net_amount AS DOUBLE) AS amount, CAST(count(*) AS BIGINT) AS customers
FROM rfm
GROUP BY net_amount
ORDER BY amount
