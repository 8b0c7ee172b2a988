"""What the source holds, before anything is moved: figures, suspicions, and the expectations that follow from them."""
