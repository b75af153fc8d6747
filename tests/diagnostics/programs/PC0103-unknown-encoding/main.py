# -*- coding: utf-9 -*-
NAME = "a"
