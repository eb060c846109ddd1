"""The values that cross a hook: frozen, closed, typed; one module per concept."""
