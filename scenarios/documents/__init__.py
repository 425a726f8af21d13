"""What an article and a textbook on Path MTU Discovery show, with the tools that they use."""
