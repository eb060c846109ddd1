"""An agency's answers, varied leaf by leaf, and what must hold between each and what a plugin tells of it."""
