-- One row per month of first order and months since then, where anything happened: customers who ordered, orders, net (currency).
WITH monthly AS (
    SELECT
        identity_id,
        year(order_day) * 12 + month(order_day) - 1 AS month_number,
        sum(is_order) AS orders,
        sum(gross_amount + returned_amount) AS net_amount
    FROM purchases
    GROUP BY identity_id, year(order_day) * 12 + month(order_day) - 1
),
firsts AS (
    SELECT identity_id, min(month_number) AS first_month
    FROM monthly
    WHERE orders > 0
    GROUP BY identity_id
),
placed AS (
    SELECT
        f.first_month,
        m.month_number - f.first_month AS months_since,
        sum(CASE WHEN m.orders > 0 THEN 1 ELSE 0 END) AS customers,
        sum(m.orders) AS orders,
        sum(m.net_amount) AS net_amount
    FROM monthly AS m
    JOIN firsts AS f ON f.identity_id = m.identity_id
    GROUP BY f.first_month, m.month_number - f.first_month
)
SELECT
    CAST(floor(CAST(first_month AS DOUBLE) / nullif(CAST(12 AS DOUBLE), 0)) AS INTEGER) AS cohort_year,
    CAST(first_month % 12 + 1 AS INTEGER) AS cohort_month,
    CAST(months_since AS INTEGER) AS months_since,
    CAST(customers AS BIGINT) AS customers,
    CAST(orders AS BIGINT) AS orders,
    CAST(net_amount AS DOUBLE) AS net_amount
FROM placed
ORDER BY cohort_year, cohort_month, months_since
