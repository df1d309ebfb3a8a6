"""A Kafka Connect-style sink worker that delivers Kafka records to AWS."""

import os

# botocore would sign through awscrt where that is installed, as it is for CRC64NVME alone. It decides when it
# is imported, so this comes first of all; whoever sets the variable has it as it is set.
os.environ.setdefault("BOTO_DISABLE_CRT", "true")
