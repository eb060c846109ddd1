"""What agencies speak besides JSON: XML, SOAP, form fields and plain text."""
