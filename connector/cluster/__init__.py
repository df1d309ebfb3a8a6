"""Where connectors and their statuses are kept, and who answers for them."""
