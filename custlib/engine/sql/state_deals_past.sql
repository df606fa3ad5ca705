-- One row per identity with a purchased line: how much of what she buys is on a discount, at a day that the state has passed.
WITH summed AS (
    SELECT
        identity_id,
        sum(sale_lines) AS sale_lines,
        sum(deal_lines) AS deal_lines,
        sum(p.taken_off) AS taken_off,
        sum(p.gross_amount + p.taken_off) AS list_amount
    FROM purchases AS p
    WHERE is_order = 1 AND $discounted = 1
    GROUP BY identity_id
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(CAST(deal_lines AS DOUBLE) / nullif(CAST(sale_lines AS DOUBLE), 0) AS DOUBLE) AS deal_line_share,
    CAST(CAST(taken_off AS DOUBLE) / nullif(CAST(list_amount AS DOUBLE), 0) AS DOUBLE) AS deal_amount_share
FROM summed
