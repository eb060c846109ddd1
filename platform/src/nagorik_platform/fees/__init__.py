"""What a service costs by what is published, before anybody applies; no agency is asked."""
