"""Programs measured beside fusion-kit, each one started as a process of its own."""
