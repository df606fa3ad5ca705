-- One row per identity with a purchased line: how much of what she buys is on a discount; blank where no discount is known.
WITH summed AS (
    SELECT
        identity_id,
        count(*) AS sale_lines,
        sum(CASE WHEN discount_amount > 0 THEN 1 ELSE 0 END) AS deal_lines,
        sum(coalesce(discount_amount, CAST(0 AS DECIMAL(18,2)))) AS taken_off,
        sum(amount + coalesce(discount_amount, CAST(0 AS DECIMAL(18,2)))) AS list_amount
    FROM counted
    WHERE NOT is_return AND $discounted = 1
    GROUP BY identity_id
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(CAST(deal_lines AS DOUBLE) / nullif(CAST(sale_lines AS DOUBLE), 0) AS DOUBLE) AS deal_line_share,
    CAST(CAST(taken_off AS DOUBLE) / nullif(CAST(list_amount AS DOUBLE), 0) AS DOUBLE) AS deal_amount_share
FROM summed
