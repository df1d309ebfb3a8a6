"""How the worker speaks to AWS: identity, credentials, clients, and what their errors mean."""
