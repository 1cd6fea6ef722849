"""The pages: templates, texts of the field's terms, and the assets that Vite builds."""
