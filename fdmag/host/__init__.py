"""The host device: terms and steps compiled by the machine's C++ compiler."""
