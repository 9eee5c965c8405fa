//! Media in a bucket: tests against a server that speaks S3's real protocol, signatures included. See `tests/`.
