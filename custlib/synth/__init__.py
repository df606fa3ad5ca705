"""The simulated brand 松果零食 Pinecone Snacks: one seeded world with planted truth, delivered as companies keep their files."""
