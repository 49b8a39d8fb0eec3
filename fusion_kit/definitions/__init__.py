"""YAML to checked, frozen values: the workflow language, its expressions, its schemas and its complaints."""
