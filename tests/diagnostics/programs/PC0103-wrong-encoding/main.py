# -*- coding: utf-8 -*-
NAME = "Zürich"
