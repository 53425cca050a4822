"""
---
title: "Changelog"
description: "What changed for those who use easysr, release by release"
repo-actions: false
---
"""
from easysr.site import file_page
print(file_page('CHANGELOG.md'))
