// Everything is in device.h.
