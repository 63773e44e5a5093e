"""What the product is. It knows nobody: time, storage and listeners reach it through `ports`."""
