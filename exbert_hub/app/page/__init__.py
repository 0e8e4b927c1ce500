"""The page itself: Gradio components and the server functions behind them."""
