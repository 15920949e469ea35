"""What the service is compared with, in the same run: bare nginx, and the same work in Node."""
