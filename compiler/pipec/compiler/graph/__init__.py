"""Pictures of a pipeline: Mermaid and DOT text, SVG, and a page that works offline."""
