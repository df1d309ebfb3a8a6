"""A Kafka Connect-style sink worker that delivers Kafka records to AWS.

Two libraries take from the environment, when they are imported, what cannot be told them later; so it is set
here, first of all. Whoever sets these variables has them as they are set.
"""

import os

# botocore would sign through awscrt where that is installed, as it is for CRC64NVME alone.
os.environ.setdefault("BOTO_DISABLE_CRT", "true")

# Arrow's own choice, mimalloc, keeps what was freed in a heap per thread, and row groups come and go in all
# of them; the system's allocator can be made to give memory back, and is as fast here.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
