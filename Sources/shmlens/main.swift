print("shmlens")
