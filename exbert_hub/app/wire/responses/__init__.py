"""What the page is sent, message by message: its shape, and how it is made of the values of the other rooms."""
