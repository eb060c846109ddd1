"""An invented market office, and plugins that are right in as many styles as authors write them."""
