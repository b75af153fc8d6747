"""The language server: diagnostics as one types, hover, definitions, inlay hints and fixes. Only `server` knows the protocol."""
