"""Git: places to work, what is kept of them, and how it is merged; nothing an agent can write is our configuration."""
