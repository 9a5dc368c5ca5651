"""In-tree channel plugins. Each takes exactly the path of a third party's: entry point, allow-list, host."""
