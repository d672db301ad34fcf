//! Files: the pure set of them, and the only code that reads and writes the disk.
