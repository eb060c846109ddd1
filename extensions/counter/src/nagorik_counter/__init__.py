"""The counter of a service centre: tills that are opened, counted and closed, and receipts of what was paid."""
