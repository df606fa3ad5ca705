-- One row per identity with an order whose channel is known: most orders first, then most money, then the alphabet.
WITH per_channel AS (
    SELECT identity_id, channel, count(*) AS orders, sum(gross_amount) AS gross_amount
    FROM purchases
    WHERE is_order = 1 AND channel IS NOT NULL
    GROUP BY identity_id, channel
),
ranked AS (
    SELECT
        identity_id,
        channel,
        orders,
        row_number() OVER (PARTITION BY identity_id ORDER BY orders DESC, gross_amount DESC, channel) AS place,
        count(*) OVER (PARTITION BY identity_id) AS channels,
        sum(orders) OVER (PARTITION BY identity_id) AS all_orders
    FROM per_channel
)
SELECT
    CAST(identity_id AS VARCHAR) AS identity_id,
    CAST(channels AS BIGINT) AS channels,
    CAST(channel AS VARCHAR) AS top_channel,
    CAST(CAST(orders AS DOUBLE) / nullif(CAST(all_orders AS DOUBLE), 0) AS DOUBLE) AS top_channel_share
FROM ranked
WHERE place = 1
