"""
---
title: "Contributing"
description: "How easysr is written, tested and changed, and how to report what goes wrong"
repo-actions: false
---
"""
from easysr.site import file_page
print(file_page('CONTRIBUTING.md'))
